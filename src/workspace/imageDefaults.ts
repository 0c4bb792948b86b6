import { INSIDE, INSIDE_PATH, INSIDE_PORTS } from './layout.ts';

/** The part of an OCI image configuration that does not depend on the lock (image-spec, config.md). */
export interface ImageDefaults {
  env: Record<string, string>;
  entrypoint: string[];
  cmd: string[];
  workdir: string;
  /** `8888/tcp` */
  exposedPorts: string[];
  labels: Record<string, string>;
  stopSignal: string;
}

/** What every image of ours says of itself; `services` as in the spec decides the ports. */
export function imageDefaults(
  options: { services?: { jupyter: boolean; ssh: boolean }; title?: string } = {},
): ImageDefaults {
  const services = options.services ?? { jupyter: true, ssh: true };
  return {
    // No PYTHONDONTWRITEBYTECODE and no PYTHONPYCACHEPREFIX: byte code goes beside its source in the writable layer, where
    // the second start finds it (import torch 1.4 s instead of 2.4 s).
    env: {
      PATH: INSIDE_PATH,
      LANG: 'C.UTF-8',
      NVIDIA_VISIBLE_DEVICES: 'all',
      NVIDIA_DRIVER_CAPABILITIES: 'compute,utility',
    },
    // -s: under `docker run --init` or the sandbox tini is not process 1 and would complain.
    entrypoint: ['/usr/bin/tini', '-s', '--', INSIDE.entry],
    cmd: [],
    workdir: INSIDE.workspace,
    exposedPorts: [
      ...(services.jupyter ? [`${INSIDE_PORTS.jupyter}/tcp`] : []),
      ...(services.ssh ? [`${INSIDE_PORTS.ssh}/tcp`] : []),
    ].sort(),
    labels: {
      'org.opencontainers.image.title': options.title ?? 'torchrig',
      'org.opencontainers.image.description': 'A locked PyTorch environment made by torchrig',
    },
    stopSignal: 'SIGTERM',
  };
}
