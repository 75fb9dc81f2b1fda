"""Pods of deploy/kubernetes as plain containers: what a kubelet would make of a manifest, without a cluster.

Kept: image, command, user and group, read-only root, capabilities, environment with its references, limits, replicas,
names of services, and volumes, of the group that Kubernetes gives them to. Not kept: network policies, for which it
takes the network of a cluster. Needs root, to give folders away.
"""

import http.client
import json
import os
import re
import secrets
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.containers import TAG, docker
from tests.support.manifests import POD_OWNERS, Manifest, named, pods

Secrets = Mapping[str, Mapping[str, str]]


@dataclass
class Cluster:
    """Containers of one network. `folder` is one that the engine may mount from."""

    objects: Sequence[Manifest]
    secrets: Secrets
    folder: Path
    name: str = field(default_factory=lambda: f"paperfold-pods-{secrets.token_hex(4)}")
    containers: dict[str, list[str]] = field(default_factory=dict)  # of a pod's name: ids

    @property
    def config_maps(self) -> dict[str, dict[str, str]]:
        return {one["metadata"]["name"]: one["data"] for one in self.objects if one["kind"] == "ConfigMap"}

    def start(self) -> None:
        """Everything at once, in no order."""
        counts = {
            name: one.get("spec", {}).get("replicas", 1)
            for (kind, name), one in named(self.objects).items()
            if kind in POD_OWNERS
        }
        docker("network", "create", self.name)
        for name, template in pods(self.objects).items():
            self.containers[name] = [self._run(name, template["spec"]) for _ in range(counts[name])]

    def _run(self, name: str, spec: Manifest) -> str:
        (container,) = spec["containers"]
        image = container["image"].replace(":local", f":{TAG}")
        command = [*container.get("command", [])[1:], *container.get("args", [])]
        return docker("run", "--detach", *self._options(name, spec, container), image, *command).strip()

    def _options(self, name: str, spec: Manifest, container: Manifest) -> Iterator[str]:
        yield from (f"--network={self.name}", f"--network-alias={name}", f"--label={self.name}")
        yield "--restart=on-failure" if spec.get("restartPolicy") == "OnFailure" else "--restart=always"
        context, locked = spec["securityContext"], container["securityContext"]
        yield f"--user={context['runAsUser']}:{context['runAsGroup']}"
        yield f"--group-add={context['fsGroup']}"
        yield from (f"--cap-drop={capability}" for capability in locked["capabilities"]["drop"])
        if locked["readOnlyRootFilesystem"]:
            yield "--read-only"
        if not locked["allowPrivilegeEscalation"]:
            yield "--security-opt=no-new-privileges:true"
        limits = container["resources"]["limits"]
        yield from (f"--memory={limits['memory'].lower().removesuffix('i')}", f"--cpus={limits['cpu']}")
        yield from (f"--env={key}={value}" for key, value in self._environment(container).items())
        yield from self._mounts(name, spec, container)
        if "command" in container:
            yield f"--entrypoint={container['command'][0]}"

    def _environment(self, container: Manifest) -> dict[str, str]:
        found: dict[str, str] = {}
        for source in container.get("envFrom", ()):
            found |= self.config_maps[source["configMapRef"]["name"]]
        for one in container.get("env", ()):
            if "value" in one:
                found[one["name"]] = one["value"]
            else:
                reference = one["valueFrom"]["secretKeyRef"]
                found[one["name"]] = self.secrets[reference["name"]][reference["key"]]
        return found

    def _mounts(self, name: str, spec: Manifest, container: Manifest) -> Iterator[str]:
        volumes = {volume["name"]: volume for volume in spec["volumes"]}
        for mount in container["volumeMounts"]:
            volume = volumes.get(mount["name"], {})  # none: a claim of a StatefulSet
            if volume.get("configMap", {}).get("optional") and volume["configMap"]["name"] not in self.config_maps:
                continue
            if "configMap" in volume:
                place, way = self._files(volume["configMap"]) / mount.get("subPath", ""), "ro"
            else:
                place, way = self._room(spec["securityContext"]["fsGroup"], name, bool(volume)), "rw"
            yield f"--volume={place}:{mount['mountPath']}:{way}"

    def _room(self, group: int, name: str, for_all: bool) -> Path:
        """An empty volume of a group: emptyDir is open to all besides, a claim is not."""
        place = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=self.folder))
        os.chown(place, 0, group)
        place.chmod(0o2777 if for_all else 0o2775)
        return place

    def _files(self, source: Manifest) -> Path:
        place = self.folder / str(source["name"])
        place.mkdir(mode=0o755, exist_ok=True)
        for name, text in self.config_maps[source["name"]].items():
            (place / name).write_text(text, encoding="utf-8")
            (place / name).chmod(source.get("defaultMode", 0o644))
        return place

    def passes(self, container: str, spec: Manifest, probe: str) -> bool:
        """Whether a container passes a probe, asked as a kubelet asks."""
        asked = spec[probe]
        if "exec" in asked:
            words = asked["exec"]["command"]
            return "passed" in docker("exec", container, "sh", "-c", '"$@" && echo passed', "-", *words, may_fail=True)
        ports = {port["name"]: port["containerPort"] for port in spec["ports"]}
        get = asked["httpGet"]
        return answer(self.address(container), ports[get["port"]], get["path"], headers(get)) == 200

    def address(self, container: str) -> str:
        networks = json.loads(docker("inspect", "--format", "{{json .NetworkSettings.Networks}}", container))
        return str(networks[self.name]["IPAddress"])

    def report(self) -> str:
        words = [docker("ps", "--all", f"--filter=label={self.name}")]
        for name, containers in self.containers.items():
            words += [f"--- {name}", docker("logs", "--tail", "15", containers[0], may_fail=True)]
        return "\n".join(words)

    def remove(self) -> None:
        left = docker("ps", "--all", "--quiet", f"--filter=label={self.name}").split()
        if left:
            docker("rm", "--force", "--volumes", *left)
        docker("network", "rm", self.name, may_fail=True)


def headers(get: Manifest) -> dict[str, str]:
    return {one["name"]: one["value"] for one in get.get("httpHeaders", ())}


def answer(address: str, port: int, path: str, sent: Mapping[str, str]) -> int:
    """Status of a GET; 0: no answer."""
    door = http.client.HTTPConnection(address, port, timeout=5.0)
    try:
        door.request("GET", path, headers=dict(sent))
        return door.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        door.close()


@contextmanager
def started(objects: Sequence[Manifest], values: Secrets, folder: Path) -> Iterator[Cluster]:
    """All pods of an overlay, removed on the way out."""
    assert re.fullmatch(r"/[\w./-]+", str(folder))
    cluster = Cluster(objects, values, folder)
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.remove()
