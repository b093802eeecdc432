"""The page that compares scenarios: choosing them, tables, maps, the decision sheet, and whether the ranking holds."""
