import type { HostFacts } from '../../host/index.ts';
import { type Finding, orderFindings } from '../finding.ts';
import type { CheckContext } from './check.ts';
import { driverChecks } from './driverChecks.ts';
import { engineChecks } from './engineChecks.ts';
import { gpuChecks } from './gpuChecks.ts';
import { planChecks } from './planChecks.ts';
import { systemChecks } from './systemChecks.ts';

/** Everything that is to be said of a machine, what blocks first. Pure: facts in, findings out. */
export function hostFindings(host: HostFacts, context: CheckContext = {}): Finding[] {
  const driver = driverChecks(host, context);
  // A driver that does not work at all makes every other answer about GPUs a consequence of it.
  const broken = driver.some(({ severity }) => severity === 'fail');
  const rest = [...(broken ? [] : [planChecks]), gpuChecks, systemChecks, engineChecks];
  return orderFindings([...driver, ...rest.flatMap((check) => check(host, context))]);
}

/** One line for the end of `rig doctor`. */
export function summaryOf(findings: readonly Finding[], host: HostFacts): string {
  const blocking = findings.filter(({ severity }) => severity === 'fail');
  const warnings = findings.filter(({ severity }) => severity === 'warn').length;
  const names = [...new Set(host.gpus.map((gpu) => gpu.name ?? 'GPU'))].join(', ');
  const gpus = host.gpus.length === 0 ? 'no GPU' : `${host.gpus.length} x ${names}`;
  const machine = `${gpus}, ${host.cpu.usable} CPU cores`;
  const more = warnings === 0 ? '' : `, ${warnings} ${warnings === 1 ? 'warning' : 'warnings'}`;
  if (blocking.length === 0) return `ready${more}: ${machine}`;
  const first = blocking[0]?.title ?? '';
  const rest = blocking.length > 1 ? ` (and ${blocking.length - 1} more)` : '';
  return `not ready: ${first}${rest}${more}; ${machine}`;
}
