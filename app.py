"""The app: ``streamlit run app.py`` opens the demo county; ``PLANNING_RUN`` or ``-- --run DIR`` a finished run."""

import streamlit as st
from starlette.middleware import Middleware

from planning.ui import navigation, serving

if __name__ == "__main__":  # a session's run of the script
    navigation.show()
else:  # the server, which imports it
    app = st.App(__file__, middleware=[Middleware(serving.FirstPage)])
