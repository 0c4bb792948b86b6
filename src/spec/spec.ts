/** The user's torchrig.yaml after validation, presets and defaults: nothing optional that has a default. */
export interface Spec {
  name: string | undefined;
  /** Name of the preset it came from, when it came from one. */
  preset: string | undefined;
  /** PEP 440 specifier of torch (`==2.7.1`, `>=2.6,<2.8`), or undefined for an environment without torch. */
  torch: string | undefined;
  /** `auto`, `cpu`, or a CUDA version `12.6`. */
  cuda: string;
  /** Major.minor of CPython. */
  python: string;
  packages: {
    /** PEP 508 requirements, as written. */
    python: string[];
    /** requirements.txt, pyproject.toml or pylock.toml, absolute path. */
    requirements: string | undefined;
    debian: string[];
  };
  /** `debian:12`, assembled from packages. */
  base: string;
  /** Absolute host path seen at /workspace. */
  workspace: string;
  mounts: Mount[];
  gpus: 'all' | 'none' | (number | string)[];
  /** Bytes. */
  memory: number | undefined;
  cpus: number | undefined;
  /** Bytes of /dev/shm. */
  shm: number | undefined;
  /** Host ports by service; a port that was not asked for may move when it is taken. */
  ports: { jupyter: PortWish; ssh: PortWish };
  /** False where the file says `none` for the port: the service is not started. */
  services: { jupyter: boolean; ssh: boolean };
  /** Further ports to reach from outside. */
  publish: PublishedPort[];
  env: Record<string, string>;
}

export interface Mount {
  /** Absolute host path. */
  source: string;
  /** Absolute path inside. */
  target: string;
  readonly: boolean;
}

export interface PortWish {
  port: number;
  /** True when the user wrote it: then a taken port is an error, not a reason to move. */
  explicit: boolean;
}

export interface PublishedPort {
  /** Port of the host, on 127.0.0.1. */
  host: number;
  /** Port inside. */
  container: number;
}
