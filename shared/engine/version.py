"""The meaning of the fold, as a number stored with every run. Any change of a decision's bits bumps it."""

ENGINE_VERSION = "2"
