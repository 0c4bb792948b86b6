import type { NamespaceFacts } from './facts.ts';
import type { Note } from './notes.ts';
import { type HostReader, textOf } from './reader.ts';

const TRY = 'mount -t tmpfs t /mnt && mount -t proc p /proc';

async function setting(reader: HostReader, path: string): Promise<number | undefined> {
  const text = await textOf(reader, path);
  return text === undefined ? undefined : Number(text);
}

/** Who forbids it, by the signs of reference "Restrictions": each with what would allow it. */
async function reasonOf(reader: HostReader, words: string): Promise<{ by: string; remedy: string | null }> {
  const [apparmor, most, clone, status] = await Promise.all([
    setting(reader, '/proc/sys/kernel/apparmor_restrict_unprivileged_userns'),
    setting(reader, '/proc/sys/user/max_user_namespaces'),
    setting(reader, '/proc/sys/kernel/unprivileged_userns_clone'),
    textOf(reader, '/proc/self/status'),
  ]);
  if (most === 0) {
    return {
      by: 'user.max_user_namespaces is 0',
      remedy: 'sudo sysctl -w user.max_user_namespaces=15000',
    };
  }
  if (clone === 0) {
    return {
      by: 'kernel.unprivileged_userns_clone is 0',
      remedy: 'sudo sysctl -w kernel.unprivileged_userns_clone=1',
    };
  }
  if (/^Seccomp:\s*2/m.test(status ?? '')) {
    return {
      by: 'the seccomp filter of the container that rig runs in',
      remedy: 'start the container with --security-opt seccomp=unconfined, or let rig use its proot engine',
    };
  }
  if (apparmor === 1) {
    return {
      by: 'AppArmor (kernel.apparmor_restrict_unprivileged_userns is 1)',
      remedy: 'sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0',
    };
  }
  if (/mount.*(proc|permission|not permitted)/i.test(words)) {
    return {
      by: 'masked parts of /proc (we are inside a container)',
      remedy: 'start the container with --security-opt systempaths=unconfined',
    };
  }
  return { by: words || 'no reason given', remedy: null };
}

async function hasIdRange(reader: HostReader): Promise<boolean> {
  if (reader.identity.uid === 0) return true;
  const [ranges, program] = await Promise.all([
    textOf(reader, '/etc/subuid'),
    reader.exists('/usr/bin/newuidmap'),
  ]);
  const { env, uid } = reader.identity;
  const names = new Set([env['USER'], env['LOGNAME'], String(uid)]);
  const own = (ranges ?? '').split('\n').some((line) => names.has(line.split(':')[0]));
  return program && own;
}

/** Tries it; only a failure is then looked into. Root needs no user namespace, others do. */
export async function readNamespaces(reader: HostReader, note: Note): Promise<NamespaceFacts> {
  const idRange = await hasIdRange(reader);
  if (reader.identity.platform !== 'linux') {
    return { usable: false, forbiddenBy: 'not Linux', remedy: null, idRange: false };
  }
  const flags = reader.identity.uid === 0 ? '-mpf' : '-Urmpf';
  const outcome = await reader.exec('unshare', [flags, 'sh', '-c', TRY], { timeout: 2000 });
  if (!outcome.found || outcome.timedOut) {
    note(
      'namespaces.usable',
      outcome.found ? 'the probe hung' : 'the program unshare (util-linux) is missing',
    );
    return { usable: null, forbiddenBy: null, remedy: null, idRange };
  }
  if (outcome.code === 0) return { usable: true, forbiddenBy: null, remedy: null, idRange };
  const { by, remedy } = await reasonOf(reader, outcome.stderr.trim().split('\n', 1)[0] ?? '');
  return { usable: false, forbiddenBy: by, remedy, idRange };
}
