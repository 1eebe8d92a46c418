"""Every switch of the emulated tenant: what Microsoft leaves unsaid, and faults that last."""

from __future__ import annotations

from dataclasses import dataclass, field

DEFAULT_GRANTS = (
    "User.Read.All",
    "UserAuthenticationMethod.ReadWrite.All",
    "GroupMember.Read.All",
    "RoleManagement.Read.Directory",
    "RoleEligibilitySchedule.Read.Directory",
    "PrivilegedEligibilitySchedule.Read.AzureADGroup",
    "AuditLog.Read.All",
)


@dataclass(slots=True)
class Switches:
    """Defaults are the documented or observed behaviour, else the likeliest guess."""

    # Microsoft Graph: rights
    # -----------------------
    # Graph permissions the app holds; a change acts at once, also on tokens already given out.
    grants: list[str] = field(default_factory=lambda: list(DEFAULT_GRANTS))
    # Application permissions of apps alone, the managed identity's too; None: the same names as `grants`.
    application_grants: list[str] | None = None
    # When set, every signed-in person has exactly these roles instead of their own.
    signed_in_roles: list[str] | None = None
    # When set, the caller's role holds for this administrative unit only.
    signed_in_role_unit: str | None = None
    # Whether somebody who signed in needs a role to read who holds roles, as documented; by default members
    # may ("can usually").
    role_reads_need_role: bool = False
    # Licences: without P2 there is no Privileged Identity Management to read; 400 was seen, and 403 is
    # possible.
    pim_licence: bool = True
    pim_refusal: int = 400
    # When set, the `wids` of delegated tokens instead of the person's roles over the tenant; []: none at all.
    token_wids: list[str] | None = None
    # Microsoft Graph: phone methods
    # ------------------------------
    # "by role" masks for Authentication Administrator and Global Reader; "full", "masked" force it.
    number_view: str = "by role"
    # The same for apps alone: no page describes them as masked, and whole numbers were seen.
    app_number_view: str = "full"
    # Whether an app alone may change the methods of the privileged (unknown: no page limits it).
    app_reaches_privileged: bool = True
    # The mask's shape is not published: the character and how many last digits stay.
    mask_character: str = "X"
    mask_keeps: int = 2
    # Whether the answer to POST and PATCH is masked too (unknown).
    mask_write_answers: bool = True
    # 204 without body, as the v1.0 page's example, or 200 with the object, as its prose.
    patch_answer: int = 204
    # "tolerant" takes what live tenants were seen to take; "strict" only `+CC NNN…` as documented.
    number_format: str = "tolerant"
    # Seconds in which reads still show the phones before a write (unknown: no figure is published).
    write_lag: float = 0.0
    # Seconds after a person's creation in which the methods service does not know them (seen, no figure is
    # published), and what it answers then: 404 or 400.
    methods_after_creation: float = 0.0
    methods_absent_status: int = 404
    # Whether 409 phoneNumberNotUnique leaves the number written ("typically", as observed) or not.
    conflict_writes_number: bool = True
    # All people fall under the SMS sign-in policy, not only those who are marked.
    sms_sign_in_policy: bool = False
    # Deleting the default method when it is the only one besides the password (unknown: allowed).
    delete_only_default: bool = True
    # The text of the refusal: the one seen in 2022 or the one of 2021.
    default_method_text: str = "2022"
    # The texts of two 400s (unknown): there is a phone of this type already, and a number that is not taken.
    exists_text: str = "A phone authentication method of this type is already registered for the user."
    bad_number_text: str = "The phone number is not in the format +{country code} {number}x{extension}."
    # Microsoft Graph: users/delta
    # ----------------------------
    # People on a page: not promised, about 200 were seen.
    delta_page_size: int = 200
    # Every so many pages there is an empty one that goes on (documented: it may happen); 0: none.
    delta_empty_every: int = 0
    # How many entries of each page come again on it, and how many changes of the round before come again.
    delta_repeats: int = 0
    delta_replays: int = 0
    # Seconds from a change to its being told ("varies").
    delta_delay: float = 0.0
    # Seconds a token lives: 7 days for directory objects; and what a dead one is answered, 400 or 410.
    delta_token_lifetime: float = 7 * 24 * 3600.0
    delta_expired_status: int = 400
    # Deleted people who may be restored are in the first round too ("may be seen").
    delta_first_round_removed: bool = True
    # With a $select, people who were restored are not told (observed once).
    delta_misses_restored: bool = False
    # Names that delta refuses in $select though the user has them, beside those kept elsewhere.
    delta_unsupported: list[str] = field(default_factory=lambda: ["signInActivity"])
    # Microsoft Graph: audit log
    # --------------------------
    # Seconds until an entry is seen: the 99th percentile is told as 5 minutes, and as 15.
    audit_latency: float = 180.0
    # 30 days with a licence of P1 or P2, 7 without.
    audit_retention_days: float = 30.0
    # Numbers in modifiedProperties: "masked", "full" or "absent" (unknown).
    audit_numbers: str = "masked"
    # Which ids `initiatedBy.app` holds (unknown): "both", "appId" or "servicePrincipalId".
    audit_app_ids: str = "both"
    # How a change of a phone is told: by "methods" alone (Authentication Methods), as "both" that and Core
    # Directory's "Update user", or by that "directory" entry alone, as seen for some registrations.
    audit_told_by: str = "methods"
    # Whether a filter by loggedByService works; in 2018 it was seen to find nothing.
    audit_service_filter: bool = True
    # Licence P1: without it there is no report of who has registered which methods.
    premium_licence: bool = True
    # People on a page of it at most: not published; 999 are asked for and seen.
    registrations_page_size: int = 999
    # Calls of the audit log and reports per 10 seconds, as documented; None: no limit.
    reports_limit: int | None = 5
    # Microsoft Graph: policy
    # -----------------------
    # Whether the authentication methods policy lets people use SMS, and voice calls.
    policy_sms: bool = True
    policy_voice: bool = True
    # Microsoft Graph: traffic
    # ------------------------
    # Seconds a Graph call takes, and up to how much longer at random; a batch costs its slowest item.
    graph_latency: float = 0.0
    graph_latency_spread: float = 0.0
    # What each item adds to a batch when there is a latency.
    batch_item_latency: float = 0.002
    # Resource units of the directory per 10 seconds (Microsoft: 3,500 to 8,000 by size); None: no limit.
    directory_limit: int | None = None
    # By how many seconds the `Date` of all answers is before the tenant's own clock.
    date_offset: float = 0.0
    # Calls per 10 seconds of the authentication-methods service, whose limits are not published.
    methods_limit: int | None = None
    # Whether a 429 carries Retry-After, and answers x-ms-throttle-limit-percentage from 0.8 on.
    throttle_tells_wait: bool = True
    throttle_tells_share: bool = True
    # Refused calls count against the caller too, as Microsoft warns.
    throttle_counts_refused: bool = True
    # Continuous access evaluation: tokens of clients that declared CP1 are challenged until they answer.
    claims_challenge: bool = False
    # The same, asked for by the methods' items of a batch alone, while the batch itself is taken.
    claims_challenge_items: bool = False
    # Sign-in
    # -------
    token_lifetime: int = 3971
    token_refresh_in: int | None = None
    # Any AADSTS number: the answer to every token request.
    token_error: int | None = None
    # 429 or 5xx on every token request, with this Retry-After if it is set.
    token_status: int | None = None
    token_retry_after: int | None = None
    token_delay: float = 0.0
    lockout_threshold: int = 10
    lockout_seconds: float = 60.0
    # Managed identity
    # ----------------
    # "ok", "absent" (no identity assigned), "400", "429", "500" (JSON), "500-empty" or "html"; "302" and
    # "307" redirect to the location below.
    identity: str = "ok"
    identity_location: str = ""
    identity_delay: float = 0.0
    identity_retry_after: int | None = None
    identity_token_lifetime: int = 86400
    # Whether the endpoint gives out the same token until five minutes before its end, revoked or not, as
    # documented ("cached for hours"). Off by default.
    identity_caches: bool = False
    # Client ids of user-assigned identities; any other client_id is refused.
    identity_client_ids: list[str] = field(default_factory=list)
    # Key Vault
    # ---------
    # "ok", "rbac" (403 ForbiddenByRbac), "firewall" (403 ForbiddenByFirewall), "throttled", "unavailable".
    vault: str = "ok"
    vault_retry_after: int | None = None
    vault_delay: float = 0.0
