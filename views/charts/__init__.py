"""Frames to Plotly figures: pure functions without Streamlit, one family of charts a file."""
