import { canonicalJson, type Digest } from '../kernel/index.ts';

/** How containers of an image start; the rest of the config follows from the layers. */
export interface ImageConfig {
  platform: 'linux/amd64' | 'linux/arm64';
  /** In this order of names in the image. */
  env?: Readonly<Record<string, string>>;
  entrypoint?: readonly string[];
  cmd?: readonly string[];
  workdir?: string;
  user?: string;
  labels?: Readonly<Record<string, string>>;
  /** `8888/tcp`. */
  exposedPorts?: readonly string[];
  volumes?: readonly string[];
  stopSignal?: string;
}

export interface ConfigLayer {
  diffId: Digest;
  title: string;
}

const set = (names: readonly string[] | undefined): Record<string, object> | undefined =>
  names && names.length > 0 ? Object.fromEntries(names.map((name) => [name, {}])) : undefined;

/**
 * The image config (OCI image specification, "Image Configuration"), canonical JSON.
 * @param epoch seconds since 1970: `created` of the image and of every layer
 */
export function configJson(config: ImageConfig, layers: readonly ConfigLayer[], epoch: number): string {
  const created = new Date(epoch * 1000).toISOString().replace('.000Z', 'Z');
  const [os, architecture] = config.platform.split('/');
  return canonicalJson({
    created,
    architecture,
    os,
    config: {
      Env: Object.entries(config.env ?? {}).map(([name, value]) => `${name}=${value}`),
      Entrypoint: config.entrypoint,
      Cmd: config.cmd,
      WorkingDir: config.workdir,
      User: config.user,
      Labels: config.labels,
      ExposedPorts: set(config.exposedPorts),
      Volumes: set(config.volumes),
      StopSignal: config.stopSignal,
    },
    rootfs: { type: 'layers', diff_ids: layers.map(({ diffId }) => diffId) },
    history: layers.map(({ title }) => ({ created, created_by: `rig: ${title}` })),
  });
}
