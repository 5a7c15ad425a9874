"""A form for one model as Gradio makes it, over a server's REST path.

gradio_page.py URL MODEL FIELDS [--policy POLICY]

FIELDS is a JSON object, name -> the value that stands in it. The address is written to standard output when it answers.
"""

import argparse
import json
import time
from urllib.request import Request, urlopen

import gradio as gr
from starlette.middleware import Middleware


class Policy:
    """A Content-Security-Policy on each answer."""

    def __init__(self, app, policy):
        self.app, self.policy = app, policy.encode()

    async def __call__(self, scope, receive, send):
        async def told(message):
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (b"content-security-policy", self.policy)]
            await send(message)

        await self.app(scope, receive, told)


def component(name, value):
    if isinstance(value, bool):
        return gr.Checkbox(label=name, value=value)
    return gr.Number(label=name, value=value) if isinstance(value, int | float) else gr.Textbox(label=name, value=value)


def main():
    said = argparse.ArgumentParser()
    said.add_argument("url")
    said.add_argument("model")
    said.add_argument("fields", type=json.loads)
    said.add_argument("--policy", default="")
    told = said.parse_args()

    def ask(*values):
        body = json.dumps({"row": dict(zip(told.fields, values, strict=True))}).encode()
        path = f"{told.url}/v1/models/{told.model}/predict"
        with urlopen(Request(path, body, {"content-type": "application/json"})) as answer:
            return json.load(answer)["answers"][0]["probability"]

    inputs = [component(name, value) for name, value in told.fields.items()]
    page = gr.Interface(ask, inputs, gr.Label(label="probability"), title=told.model)
    more = {"app_kwargs": {"middleware": [Middleware(Policy, policy=told.policy)]}} if told.policy else {}
    _, url, _ = page.launch(server_name="127.0.0.1", prevent_thread_lock=True, quiet=True, **more)
    print(url, flush=True)
    while True:
        time.sleep(1)


main()
