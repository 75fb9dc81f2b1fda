"""`python -m bench.empty_route PORT`: a route that does nothing, served as the API is."""

import sys

import uvicorn
from fastapi import FastAPI

from services.api.serve import config_of

app = FastAPI()


@app.get("/")
async def empty() -> dict[str, bool]:
    return {"ok": True}


if __name__ == "__main__":
    uvicorn.Server(config_of(app, "127.0.0.1", int(sys.argv[1]))).run()
