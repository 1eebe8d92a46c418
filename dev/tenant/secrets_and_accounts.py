"""What people and apps sign in with, and what the vaults hold."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Account:
    """How somebody signs in with a password, and what stands in the way."""

    upn: str
    password: str | None
    password_expired: bool = False
    mfa_required: bool = False
    blocked_by_conditional_access: bool = False
    disabled: bool = False
    federated: bool = False
    failed_sign_ins: list[float] = field(default_factory=list)


@dataclass(slots=True)
class AppRegistration:
    """An app: its secrets and whether an administrator consented. Its permissions are a switch.

    `federated_subjects` are the object ids of managed identities whose tokens it takes in place of a secret.
    """

    client_id: str
    display_name: str = "MFA phone sync"
    secrets: list[str] = field(default_factory=list)
    expired_secrets: list[str] = field(default_factory=list)
    consented: bool = True
    public: bool = False
    disabled: bool = False
    federated_subjects: list[str] = field(default_factory=list)


@dataclass(slots=True)
class SecretVersion:
    """One version of a vault's secret; times are epoch seconds."""

    version: str
    value: str
    created: int
    enabled: bool = True
    exp: int | None = None
    nbf: int | None = None
    content_type: str | None = None
    tags: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Token:
    """An access token the tenant gave out: for an app alone, or for a person who signed in."""

    audience: str
    app_id: str
    expires_at: float
    person_id: str | None = None
    cp1: bool = False
    answers_challenge: bool = False
