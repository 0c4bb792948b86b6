import { createHash, type Hash } from 'node:crypto';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { isDigest, messageOf, RigError, silent, type Progress } from '../kernel/index.ts';
import { notAnImage, openImageSource, type ImageSource } from './imageSource.ts';
import { layerTarChecker } from './layerTarChecker.ts';
import { MEDIA, type Descriptor, type Manifest } from './mediaTypes.ts';

export interface ImageFinding {
  /** `digest`, `size`, `diffid`, `tar`, `config`, `manifest`, `missing`, `index`. */
  id: string;
  /** Which part: `layer 3 (torch 2.7.1)`, `config`. */
  where: string;
  message: string;
}

export interface ImageReport {
  ok: boolean;
  findings: ImageFinding[];
  images: { digest: string; platform: string; layers: number; files: number; size: number }[];
}

type Report = (id: string, where: string, message: string) => void;

/** Layers read at once; zlib works in Node's own threads. */
const AT_ONCE = 3;
const MAX_FINDINGS = 100;

/**
 * Checks an image on disk completely: every digest and size, every diffID by decompressing, every layer as a tar archive (headers,
 * paths, duplicates, parents), config and manifest against each other. Reads everything, so it takes as long as decompressing it all.
 * @param path an OCI layout folder, or an archive made by `rig build -o`, `docker save` or skopeo
 * Throws RIG-IMAGE-003 when there is no image at all; faults of an image are findings.
 */
export async function validateImage(
  path: string,
  options: { progress?: Progress } = {},
): Promise<ImageReport> {
  const source = await openImageSource(path);
  const findings: ImageFinding[] = [];
  const report: Report = (id, where, message) => {
    if (findings.length < MAX_FINDINGS) findings.push({ id, where, message });
  };
  const manifests = await findManifests(source, path, report);
  const images: ImageReport['images'] = [];
  for (const descriptor of manifests) {
    const image = await checkImage(source, descriptor, { report, progress: options.progress ?? silent });
    if (image) images.push(image);
  }
  return { ok: findings.length === 0, findings, images };
}

/** Throws RIG-IMAGE-004 with all findings unless the image is sound. */
export function requireSound(path: string, { ok, findings }: ImageReport): void {
  if (ok) return;
  const [first] = findings;
  throw new RigError('RIG-IMAGE-004', `${path} is not sound: ${findings.length} findings`, {
    why: first ? `${first.where}: ${first.message}` : 'no findings',
    hint: 'build or fetch the image again',
    details: { findings },
  });
}

async function findManifests(source: ImageSource, path: string, report: Report): Promise<Descriptor[]> {
  const layout = await source.text('oci-layout');
  const index = await source.text('index.json');
  if (layout === undefined || index === undefined)
    throw notAnImage(path, `it has no ${layout === undefined ? 'oci-layout' : 'index.json'}`);
  if ((parseJson(layout) as { imageLayoutVersion?: string } | undefined)?.imageLayoutVersion !== '1.0.0')
    report('index', 'oci-layout', 'is not version 1.0.0 of the image layout');
  const manifests = (parseJson(index) as { manifests?: Descriptor[] } | undefined)?.manifests;
  if (!Array.isArray(manifests)) throw notAnImage(path, 'its index.json has no list of manifests');
  if (manifests.length === 0) report('index', 'index.json', 'names no image');
  return manifests;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

interface ConfigJson {
  os?: string;
  architecture?: string;
  rootfs?: { type?: string; diff_ids?: string[] };
  history?: { created_by?: string; empty_layer?: boolean }[];
}

async function checkImage(
  source: ImageSource,
  descriptor: Descriptor,
  { report, progress }: { report: Report; progress: Progress },
): Promise<ImageReport['images'][number] | undefined> {
  const manifestText = await checkedText(source, descriptor, { where: 'manifest', report });
  const manifest = parseJson(manifestText ?? '') as Partial<Manifest> | undefined;
  if (!manifest?.config || !Array.isArray(manifest.layers)) {
    report('manifest', descriptor.digest, 'is no image manifest');
    return undefined;
  }
  if (manifest.schemaVersion !== 2) report('manifest', 'manifest', 'has another schemaVersion than 2');
  const configText = await checkedText(source, manifest.config, { where: 'config', report });
  const config = parseJson(configText ?? '') as ConfigJson | undefined;
  const diffIds = config?.rootfs?.diff_ids ?? [];
  if (!config) report('config', 'config', 'is no JSON');
  if (config?.rootfs?.type !== 'layers') report('config', 'config', 'has no rootfs of layers');
  if (diffIds.length !== manifest.layers.length)
    report('config', 'config', `has ${diffIds.length} diffIDs for ${manifest.layers.length} layers`);
  const steps = (config?.history ?? []).filter(({ empty_layer }) => !empty_layer);
  if (config?.history && steps.length !== manifest.layers.length)
    report('config', 'config', `has a history of ${steps.length} layers for ${manifest.layers.length}`);
  const total = manifest.layers.reduce((sum, layer) => sum + layer.size, 0);
  progress({ kind: 'task', task: 'verify', label: 'verifying', unit: 'bytes', total });
  let files = 0;
  const queue = [...manifest.layers.entries()];
  const work = async (): Promise<void> => {
    for (let next = queue.shift(); next; next = queue.shift()) {
      const [index, layer] = next;
      const title = steps[index]?.created_by?.replace(/^rig: /, '');
      const where = `layer ${index + 1}${title === undefined ? '' : ` (${title})`}`;
      const count = await checkLayer(source, { layer, where, diffId: diffIds[index], report });
      files += count;
      progress({ kind: 'advance', task: 'verify', by: layer.size });
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  progress({ kind: 'done', task: 'verify' });
  const platform = `${config?.os}/${config?.architecture}`;
  return { digest: descriptor.digest, platform, layers: manifest.layers.length, files, size: total };
}

const blobPath = (digest: string): string => `blobs/${digest.replace(':', '/')}`;

async function checkedText(
  source: ImageSource,
  { digest, size }: Descriptor,
  { where, report }: { where: string; report: Report },
): Promise<string | undefined> {
  const content = isDigest(digest) ? await source.text(blobPath(digest)) : undefined;
  if (content === undefined) {
    report('missing', where, `${digest} is not there`);
    return undefined;
  }
  if (Buffer.byteLength(content) !== size)
    report('size', where, `has ${Buffer.byteLength(content)} bytes instead of ${size}`);
  const actual = `sha256:${createHash('sha256').update(content).digest('hex')}`;
  if (actual !== digest) report('digest', where, `is ${actual} instead of ${digest}`);
  return content;
}

interface LayerToCheck {
  layer: Descriptor;
  where: string;
  diffId: string | undefined;
  report: Report;
}

/** Returns how many tar members there are. */
async function checkLayer(
  source: ImageSource,
  { layer, where, diffId, report }: LayerToCheck,
): Promise<number> {
  const size = isDigest(layer.digest) ? await source.size(blobPath(layer.digest)) : undefined;
  if (size === undefined) {
    report('missing', where, `${layer.digest} is not there`);
    return 0;
  }
  if (size !== layer.size) report('size', where, `has ${size} bytes instead of ${layer.size}`);
  const isGzip = layer.mediaType === MEDIA.layer || layer.mediaType.endsWith('gzip');
  if (!isGzip && !layer.mediaType.endsWith('tar')) {
    report('manifest', where, `is of type ${layer.mediaType}, which cannot be checked`);
    return 0;
  }
  const outer = createHash('sha256');
  const inner = createHash('sha256');
  const tar = layerTarChecker((what) => report('tar', where, what));
  const onTar = async (chunks: AsyncIterable<Buffer>): Promise<void> => {
    for await (const chunk of chunks) {
      inner.update(chunk);
      tar.feed(chunk);
    }
  };
  try {
    const blob = hashing(source.stream(blobPath(layer.digest)), outer);
    if (isGzip) await pipeline(blob, createGunzip({ chunkSize: 256 * 1024 }), onTar);
    else await onTar(blob);
  } catch (error) {
    report('tar', where, `cannot be decompressed: ${messageOf(error)}`);
    return tar.count();
  }
  tar.end();
  const digest = `sha256:${outer.digest('hex')}`;
  const actual = `sha256:${inner.digest('hex')}`;
  if (digest !== layer.digest) report('digest', where, `is ${digest} instead of ${layer.digest}`);
  if (diffId !== undefined && actual !== diffId)
    report('diffid', where, `contains ${actual} instead of ${diffId}`);
  return tar.count();
}

async function* hashing(chunks: AsyncIterable<Buffer>, hash: Hash): AsyncGenerator<Buffer> {
  for await (const chunk of chunks) {
    hash.update(chunk);
    yield chunk;
  }
}
