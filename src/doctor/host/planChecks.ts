import { solve, toSolveHost } from '../../compat/index.ts';
import { finding } from '../finding.ts';
import type { HostCheck } from './check.ts';

/** Does what the lock holds run on these GPUs and this driver? */
export const planChecks: HostCheck = (facts, { plan, tables }) => {
  if (!tables || facts.gpus.length === 0 || facts.driver.kernel === null) return [];
  const { host, warnings } = toSolveHost(facts, tables);
  const strange = warnings.map((warning) =>
    finding('gpu-not-in-table', 'warn', {
      title: 'a GPU that the tables do not know',
      evidence: warning.text,
      remedy: 'rig compat update, or rig compat solve --compute-capability N.N',
    }),
  );
  if (host.gpus.length === 0) return strange;
  const request = plan ? { torch: `==${plan.torch}`, cuda: plan.variant, python: plan.python } : {};
  const result = solve(request, host, tables);
  if (result.ok) return strange;
  return [
    ...strange,
    finding(plan ? 'lock-does-not-fit' : 'no-torch-fits', 'fail', {
      title: plan
        ? `torch ${plan.torch}+${plan.variant} of the lock does not run here`
        : 'no torch release runs here',
      evidence: result.reasons.slice(0, 3).join('; '),
      remedy: plan ? 'set `cuda: auto` in torchrig.yaml, then: rig lock && rig up' : 'rig compat',
    }),
  ];
};
