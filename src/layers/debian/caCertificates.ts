import { byteOrder } from './byteOrder.ts';
import { cannotApply, type RootView } from './rootView.ts';
import { certificateOf, subjectHash } from './subjectHash.ts';

const SHIPPED = '/usr/share/ca-certificates';
const CERTS = '/etc/ssl/certs';

/** Names of all certificates below the folder, `mozilla/X.crt`, in byte order. */
function certificateNames(root: RootView, folder = ''): string[] {
  return root
    .list(`${SHIPPED}/${folder}`)
    .flatMap((name) => {
      const path = folder === '' ? name : `${folder}/${name}`;
      if (root.stat(`${SHIPPED}/${path}`)?.type === 'dir') return certificateNames(root, path);
      return name.endsWith('.crt') ? [path] : [];
    })
    .sort(byteOrder);
}

/** /etc/ca-certificates.conf with every shipped certificate switched on. */
export function applyCaConfig(root: RootView, path: string, header: string): void {
  root.file(
    path,
    header +
      certificateNames(root)
        .map((name) => `${name}\n`)
        .join(''),
  );
}

/** `mozilla/A B (C).crt` -> `A_B_=C=.pem`. */
function pemName(name: string): string {
  const base = name.slice(name.lastIndexOf('/') + 1).replace(/\.crt$/, '');
  return `${base.replace(/[ ,]/g, '_').replace(/[()]/g, '=')}.pem`;
}

/** /etc/ssl/certs: a link for each certificate, a link under its subject's hash, and the bundle of all (update-ca-certificates(8)). */
export function applyCaBundle(root: RootView): void {
  const bundle: Buffer[] = [];
  const taken = new Map<string, number>();
  const hashes: { pem: string; hash: string }[] = [];
  for (const name of certificateNames(root)) {
    const bytes = root.read(`${SHIPPED}/${name}`);
    bundle.push(bytes);
    if (bytes.at(-1) !== 0x0a) bundle.push(Buffer.from('\n'));
    root.symlink(`${CERTS}/${pemName(name)}`, `${SHIPPED}/${name}`);
    try {
      hashes.push({ pem: pemName(name), hash: subjectHash(certificateOf(bytes.toString('latin1'))) });
    } catch (error) {
      throw cannotApply(`the certificate ${name} cannot be read`, error);
    }
  }
  for (const { pem, hash } of hashes.sort((a, b) => byteOrder(a.pem, b.pem))) {
    const index = taken.get(hash) ?? 0;
    taken.set(hash, index + 1);
    root.symlink(`${CERTS}/${hash}.${index}`, pem);
  }
  root.file(`${CERTS}/ca-certificates.crt`, Buffer.concat(bundle));
}
