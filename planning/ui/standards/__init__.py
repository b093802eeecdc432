"""The pages of the rules: standards and the closure gate."""
