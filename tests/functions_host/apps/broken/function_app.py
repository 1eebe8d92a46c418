"""An app whose requirements.txt forgot a module."""

import a_module_that_nobody_installed  # type: ignore[import-not-found]  # noqa: F401
