import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { createCleartextMessage, generateKey, sign } from 'openpgp';
import type { DebianSources } from '../../src/sources/index.ts';

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** One package of a test's archive: `name=version` and what it needs. */
export type FakePackages = Record<string, string>;

export interface FakeArchive {
  sources: DebianSources;
  /** Signs and writes the three suites of bookworm anew; the packages are all in the main one but for those of `security`. */
  publish(packages: FakePackages, date: string, security?: FakePackages): Promise<void>;
}

function packagesFile(packages: FakePackages): string {
  return Object.entries(packages)
    .map(([id, depends]) => {
      const [name = '', version = '1'] = id.split('=');
      const fields = [
        `Package: ${name}`,
        `Version: ${version}`,
        'Architecture: all',
        `Filename: pool/main/${name[0]}/${name}/${name}_${version}_all.deb`,
        'Size: 100',
        `SHA256: ${sha256(`${name}=${version}`)}`,
      ];
      return [...fields, ...(depends === '' ? [] : [`Depends: ${depends}`])].join('\n');
    })
    .map((text) => `${text}\n\n`)
    .join('');
}

/** A signed Debian archive in a folder, with a key of its own. */
export async function makeFakeArchive(folder: string): Promise<FakeArchive> {
  const { privateKey, publicKey } = await generateKey({
    userIDs: [{ name: 'test archive' }],
    format: 'object',
  });
  const keyring = join(folder, 'key.asc');
  await mkdir(folder, { recursive: true });
  await writeFile(keyring, publicKey.armor());

  const publishSuite = async (suite: string, text: string, date: string): Promise<void> => {
    const at = join(folder, 'dists', suite, 'main', 'binary-amd64');
    await mkdir(at, { recursive: true });
    await writeFile(join(at, 'Packages'), text);
    const release = [
      `Suite: ${suite}`,
      `Codename: ${suite}`,
      `Date: ${date}`,
      'Components: main',
      'SHA256:',
      ` ${sha256(text)} ${text.length} main/binary-amd64/Packages`,
      '',
    ].join('\n');
    const message = await createCleartextMessage({ text: release });
    const signed = await sign({ message, signingKeys: privateKey });
    await writeFile(join(folder, 'dists', suite, 'InRelease'), signed);
  };

  const root = pathToFileURL(folder).href;
  return {
    sources: {
      mirrors: { debian: [root], 'debian-security': [root] },
      keyrings: [keyring],
      checkValidUntil: false,
      origin: 'apt',
      at: (place, path) => ({ url: `${place}/${path}` }),
    },
    async publish(packages, date, security = {}) {
      await publishSuite('bookworm', packagesFile(packages), date);
      await publishSuite('bookworm-updates', '', date);
      await publishSuite('bookworm-security', packagesFile(security), date);
    },
  };
}
