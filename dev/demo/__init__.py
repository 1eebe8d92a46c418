"""The main job on the emulated tenant, before and after."""
