"""Settings of telemetry: on only whole, and never beside the platform's own exporter."""

from __future__ import annotations

import pytest

from mfa_sync.settings.settings import Settings, TelemetrySettings
from shared.errors import SettingsError
from tests.unit.test_settings import NEEDED

TARGET = "InstrumentationKey=3d1f6b0e-52c7-4a98-8e14-f07a9b2c6d35;IngestionEndpoint=https://x.example/"
ON = {
    "TELEMETRY": "on",
    "PYTHON_ENABLE_OPENTELEMETRY": "true",
    "APPLICATIONINSIGHTS_CONNECTION_STRING": TARGET,
}


def test_on_it_goes_where_the_connection_string_says() -> None:
    """And the string shows in no repr: old ones hold all that it takes to write there."""
    settings = TelemetrySettings.alone({**NEEDED, **ON})
    assert settings == TelemetrySettings(TARGET, upns=False)
    assert TARGET not in repr(settings)
    assert TelemetrySettings.alone({**NEEDED, **ON, "TELEMETRY_UPNS": "true"}).upns


def test_off_it_goes_nowhere_though_the_host_has_a_connection_string() -> None:
    """Off is the default."""
    environ = {**NEEDED, "APPLICATIONINSIGHTS_CONNECTION_STRING": TARGET}
    assert TelemetrySettings.alone(environ) == TelemetrySettings()


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({**ON, "TELEMETRY": "yes"}, "TELEMETRY"),
        ({**ON, "TELEMETRY_UPNS": "1"}, "TELEMETRY_UPNS"),
        ({**ON, "APPLICATIONINSIGHTS_CONNECTION_STRING": ""}, "APPLICATIONINSIGHTS_CONNECTION_STRING"),
        ({**ON, "APPLICATIONINSIGHTS_CONNECTION_STRING": "3d1f"}, "APPLICATIONINSIGHTS_CONNECTION_STRING"),
        ({**ON, "PYTHON_ENABLE_OPENTELEMETRY": "false"}, "PYTHON_ENABLE_OPENTELEMETRY"),
        ({"PYTHON_ENABLE_OPENTELEMETRY": "1"}, "PYTHON_ENABLE_OPENTELEMETRY"),
        (
            {"PYTHON_APPLICATIONINSIGHTS_ENABLE_TELEMETRY": "True"},
            "PYTHON_APPLICATIONINSIGHTS_ENABLE_TELEMETRY",
        ),
        (
            {**ON, "PYTHON_APPLICATIONINSIGHTS_ENABLE_TELEMETRY": "true"},
            "PYTHON_APPLICATIONINSIGHTS_ENABLE_TELEMETRY",
        ),
    ],
)
def test_what_would_leak_be_lost_or_go_out_twice_is_refused(values: dict[str, str], named: str) -> None:
    """By the setting's name."""
    with pytest.raises(SettingsError) as refused:
        Settings.from_environment({**NEEDED, **values})
    assert any(fault.startswith(f"{named}: ") for fault in refused.value.faults)
