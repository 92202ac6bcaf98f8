"""DenseScope in the browser: `streamlit run app.py`. The server; `router.py` is what a page begins with."""

from streamlit.starlette import App

from views.server import MIDDLEWARE, load_ahead

app = App("router.py", lifespan=load_ahead, middleware=MIDDLEWARE)
