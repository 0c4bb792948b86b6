import type { RigError } from '../kernel/index.ts';
import { finding } from './finding.ts';
import type { Finding } from './finding.ts';

/** torchrig.yaml or torchrig.lock that cannot be used, as a finding: the machine can be looked at without it. */
export function fileFinding(file: 'spec' | 'lock', { message, why, hint }: RigError): Finding {
  // Where a file has several faults, they are the message.
  const evidence = [message, why].filter(Boolean).join('\n');
  const isSpec = file === 'spec';
  return finding(isSpec ? 'spec-invalid' : 'lock-invalid', 'fail', {
    title: `${isSpec ? 'torchrig.yaml' : 'torchrig.lock'} cannot be used`,
    evidence,
    remedy: hint ?? null,
  });
}
