import { open, mkdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import {
  canonicalJson,
  fsyncFolder,
  messageOf,
  RigError,
  silent,
  temporaryName,
  writeFileAtomic,
  type Progress,
} from '../kernel/index.ts';
import type { Image } from './buildImage.ts';
import { layerBlob } from './layerBlob.ts';
import { MEDIA, type Descriptor } from './mediaTypes.ts';

export interface WriteOptions {
  /** In a layout the name of the image: `v2.7`; in an archive `name:tag` (or a tag of `torchrig`). Default `latest`. */
  tag?: string;
  progress?: Progress;
}

/** `{"imageLayoutVersion":"1.0.0"}` (OCI image specification, "Image Layout"). */
export const OCI_LAYOUT = canonicalJson({ imageLayoutVersion: '1.0.0' });

/** The index entry for an image. */
export function imageDescriptor(image: Image, tag: string): Descriptor {
  const [os = '', architecture = ''] = image.platform.split('/');
  return {
    mediaType: MEDIA.manifest,
    digest: image.digest,
    size: image.manifest.length,
    annotations: { 'org.opencontainers.image.ref.name': tag },
    platform: { architecture, os },
  };
}

/**
 * Writes the image as an OCI layout folder, or adds it to the layout there (same tag: replaced; other images stay).
 * Blobs that are there are not written again; the index comes last, so a reader never sees a reference without its blobs.
 * Throws RIG-IMAGE-001, -002.
 */
export async function writeOciLayout(
  image: Image,
  folder: string,
  options: WriteOptions = {},
): Promise<void> {
  const { tag = 'latest', progress = silent } = options;
  const others = await existingImages(folder);
  progress({ kind: 'task', task: 'write', label: `writing ${folder}`, unit: 'bytes', total: image.size });
  try {
    const blobs = join(folder, 'blobs', 'sha256');
    await mkdir(blobs, { recursive: true });
    const at = (digest: string): string => join(blobs, digest.slice(7));
    for (const layer of image.layers) {
      if (!(await hasSize(at(layer.digest), layer.size)))
        await writeStream(at(layer.digest), layerBlob(image, layer), progress);
      else progress({ kind: 'advance', task: 'write', by: layer.size });
    }
    await writeFileAtomic(at(image.configDigest), image.config);
    await writeFileAtomic(at(image.digest), image.manifest);
    const manifests = others.filter(
      ({ annotations }) => annotations?.['org.opencontainers.image.ref.name'] !== tag,
    );
    manifests.push(imageDescriptor(image, tag));
    await writeFileAtomic(join(folder, 'oci-layout'), OCI_LAYOUT);
    await writeFileAtomic(
      join(folder, 'index.json'),
      canonicalJson({ schemaVersion: 2, mediaType: MEDIA.index, manifests }),
    );
  } catch (error) {
    throw cannotWrite(folder, error);
  }
  progress({ kind: 'done', task: 'write' });
}

async function existingImages(folder: string): Promise<Descriptor[]> {
  let text: string;
  try {
    text = await readFile(join(folder, 'index.json'), 'utf8');
  } catch {
    return [];
  }
  try {
    return (JSON.parse(text) as { manifests: Descriptor[] }).manifests.filter(
      ({ digest }) => typeof digest === 'string',
    );
  } catch {
    throw new RigError('RIG-IMAGE-002', `${folder}/index.json is not the index of an OCI layout`, {
      hint: 'choose another folder',
    });
  }
}

async function hasSize(path: string, size: number): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.size === size;
}

/** Writes a file from chunks under a temporary name, flushes it, and gives it its name. */
async function writeStream(path: string, chunks: AsyncIterable<Buffer>, progress: Progress): Promise<void> {
  const temporary = temporaryName(path);
  const handle = await open(temporary, 'wx', 0o644);
  try {
    try {
      for await (const chunk of chunks) {
        await handle.writeFile(chunk);
        progress({ kind: 'advance', task: 'write', by: chunk.length });
      }
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, path);
    await fsyncFolder(dirname(path));
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {});
    throw error;
  }
}

/** RIG-IMAGE-002 for system errors; our own errors as they are. */
export function cannotWrite(path: string, error: unknown): unknown {
  if (error instanceof RigError) return error;
  return new RigError('RIG-IMAGE-002', `cannot write the image to ${path}`, {
    why: messageOf(error),
    cause: error,
  });
}
