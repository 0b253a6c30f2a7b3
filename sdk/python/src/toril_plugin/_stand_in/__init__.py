"""The host, outside of a component: the data of ``testing.Host``."""
