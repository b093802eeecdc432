"""The app: thin pages over the rooms below; the one place that knows Streamlit."""
