"""The app behind nginx under a sub-path, as a bureau's server would give it to its rooms."""

from __future__ import annotations

import socket
import subprocess

import pytest
from playwright.sync_api import expect

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore::ResourceWarning")]

#: The lines of docs/serving.md that matter, with the places of a test.
NGINX = """
daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{}}
http {{
  access_log off;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fast;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  map $http_upgrade $connection_upgrade {{ default upgrade; '' close; }}
  server {{
    listen 127.0.0.1:{outside};
    location /planning/ {{
      proxy_pass http://127.0.0.1:{inside};
      proxy_http_version 1.1;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection $connection_upgrade;
      proxy_set_header Host $host:$server_port;
      proxy_read_timeout 3600s;
      proxy_buffering off;
      client_max_body_size 200m;
    }}
  }}
}}
"""


@pytest.fixture
def proxied(nginx, serve, wait_until_served, hostile_project, tmp_path):
    """Serve the app under /planning/ behind nginx."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        outside = probe.getsockname()[1]
    with serve(hostile_project, "--server.baseUrlPath", "planning", path="/planning") as app:
        settings = tmp_path / "nginx.conf"
        settings.write_text(NGINX.format(folder=tmp_path, inside=app.port, outside=outside), "utf-8")
        front = subprocess.Popen([nginx, "-p", str(tmp_path), "-c", str(settings)])
        try:
            found = f"http://127.0.0.1:{outside}/planning"
            wait_until_served(found, tmp_path / "error.log", front)
            yield found
        finally:
            front.terminate()
            front.wait(20)


def test_map_and_edits_work_under_a_sub_path(walk, proxied):
    visitor = walk("zh", at=proxied)
    visitor.go("plan")
    before, figures = visitor.revision(), visitor.figures()
    box = visitor.map.locator("#map_div").bounding_box()
    visitor.page.mouse.click(box["x"] + box["width"] * 0.5, box["y"] + box["height"] * 0.5)
    visitor.wait_for_change(before)
    visitor.wait_for_figures(other_than=figures)
    expect(visitor.map.locator(".leaflet-marker-icon.is-new")).to_have_count(1)
