import { open, mkdir, rename, rm, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { canonicalJson, fsyncFolder, silent, temporaryName } from '../kernel/index.ts';
import { FIXED_MTIME, tarHeader, tarPadding, TAR_END } from '../layers/index.ts';
import type { Image } from './buildImage.ts';
import { layerBlob } from './layerBlob.ts';
import { MEDIA } from './mediaTypes.ts';
import { cannotWrite, imageDescriptor, OCI_LAYOUT, type WriteOptions } from './ociLayout.ts';

/**
 * Writes one tar file that is both a docker archive (`docker load`, `podman load`, skopeo's docker-archive:) and an OCI archive
 * (skopeo's oci-archive:): the blobs of an OCI layout with docker's manifest.json beside them, as `docker save` does since version 25.
 * Layers stay compressed. Same image and name, same bytes. Appears under its name only when complete.
 * Throws RIG-IMAGE-001, -002.
 */
export async function writeDockerArchive(
  image: Image,
  file: string,
  options: WriteOptions = {},
): Promise<void> {
  const { tag = 'latest', progress = silent } = options;
  const reference = tag.includes(':') ? tag : `torchrig:${tag}`;
  const temporary = temporaryName(file);
  progress({ kind: 'task', task: 'write', label: `writing ${file}`, unit: 'bytes', total: image.size });
  try {
    await mkdir(dirname(file), { recursive: true });
    const handle = await open(temporary, 'wx', 0o644);
    try {
      const tar = new TarFile(handle, (by) => progress({ kind: 'advance', task: 'write', by }));
      await writeMembers(image, tar, reference);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, file);
    await fsyncFolder(dirname(file));
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {});
    throw cannotWrite(file, error);
  }
  progress({ kind: 'done', task: 'write' });
}

const blob = (digest: string): string => `blobs/sha256/${digest.slice(7)}`;

async function writeMembers(image: Image, tar: TarFile, reference: string): Promise<void> {
  const index = {
    schemaVersion: 2,
    mediaType: MEDIA.index,
    manifests: [imageDescriptor(image, reference)],
  };
  const docker = [
    {
      Config: blob(image.configDigest),
      RepoTags: [reference],
      Layers: image.layers.map(({ digest }) => blob(digest)),
    },
  ];
  await tar.add('manifest.json', canonicalJson(docker));
  await tar.add('index.json', canonicalJson(index));
  await tar.add('oci-layout', OCI_LAYOUT);
  await tar.add(blob(image.configDigest), image.config);
  await tar.add(blob(image.digest), image.manifest);
  const written = new Set<string>();
  for (const layer of image.layers) {
    if (written.has(layer.digest)) continue;
    written.add(layer.digest);
    await tar.addStream(blob(layer.digest), layer.size, layerBlob(image, layer));
  }
  await tar.end();
}

/** A tar file written member by member. */
class TarFile {
  readonly #handle: FileHandle;
  readonly #advance: (bytes: number) => void;

  constructor(handle: FileHandle, advance: (bytes: number) => void) {
    this.#handle = handle;
    this.#advance = advance;
  }

  async add(path: string, content: string | Uint8Array): Promise<void> {
    const bytes = Buffer.from(content);
    await this.#member(path, bytes.length);
    await this.#handle.writeFile(Buffer.concat([bytes, Buffer.alloc(tarPadding(bytes.length))]));
  }

  async addStream(path: string, size: number, chunks: AsyncIterable<Buffer>): Promise<void> {
    await this.#member(path, size);
    for await (const chunk of chunks) {
      await this.#handle.writeFile(chunk);
      this.#advance(chunk.length);
    }
    await this.#handle.writeFile(Buffer.alloc(tarPadding(size)));
  }

  async end(): Promise<void> {
    await this.#handle.writeFile(Buffer.alloc(TAR_END));
  }

  #member(path: string, size: number): Promise<void> {
    const entry = { path, type: 'file' as const, mode: 0o644, uid: 0, gid: 0, mtime: FIXED_MTIME, size };
    return this.#handle.writeFile(tarHeader(entry));
  }
}
