/** What sshd, apt, sudo and su need, and no more: the rest of root's powers is dropped for good (sandbox.md, section 9). */
const KEPT = [
  'chown',
  'dac_override',
  'fowner',
  'fsetid',
  'kill',
  'setgid',
  'setuid',
  'setpcap',
  'net_bind_service',
  'sys_chroot',
  'audit_write',
  'setfcap',
];

/** Arguments of setpriv(1). */
export function confineWords(): string[] {
  return ['--bounding-set', ['-all', ...KEPT.map((name) => `+${name}`)].join(','), '--inh-caps', '-all'];
}
