//! Values that can't be wrong: checked when they are made.
