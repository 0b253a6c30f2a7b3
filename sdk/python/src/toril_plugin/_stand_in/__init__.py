"""The host, outside of a component: what ``testing.Host`` holds."""
