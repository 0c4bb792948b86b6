import pep440 from '@renovatebot/pep440';
import { EXIT, RigError } from '../kernel/index.ts';
import type { SolveRequest } from './solveTypes.ts';

/**
 * Normalises Python to major.minor and refuses bounds that are no PEP 440.
 * @throws RigError RIG-COMPAT-005, RIG-COMPAT-006
 */
export function checkRequest(request: SolveRequest): SolveRequest {
  const bad = request.lowerBounds?.find(({ specifier }) => !pep440.validRange(specifier));
  if (bad) {
    throw new RigError(
      'RIG-COMPAT-006',
      `"torch${bad.specifier}", which ${bad.package} asks for, is not a PEP 440 range`,
      {
        exitCode: EXIT.usage,
      },
    );
  }
  if (request.python === undefined || request.python === 'auto') return { ...request, python: undefined };
  const match = /^(3\.\d{1,2})(\.\d+)?$/.exec(request.python.trim());
  if (match?.[1] === undefined) {
    throw new RigError('RIG-COMPAT-005', `"${request.python}" is not a Python version`, {
      why: 'Major and minor are meant: 3.11, 3.12.',
      exitCode: EXIT.usage,
    });
  }
  return { ...request, python: match[1] };
}
