"""Write the generated part of docs/doctor.md."""

from __future__ import annotations

from dev.doctor.page import PAGE, renewed

PAGE.write_text(renewed(PAGE.read_text("utf-8")), "utf-8")
