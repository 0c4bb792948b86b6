import type { ErrorCatalogue } from '../kernel/index.ts';

export const DOCTOR_ERRORS: ErrorCatalogue = {
  'RIG-DOCTOR-001': {
    title: 'the probes are missing from the installation',
    explanation:
      'rig carries small Python programs that it runs inside an environment to check it. The folder python/rigprobe beside the program was not found: the installation is incomplete. Install torchrig again.',
  },
  'RIG-DOCTOR-002': {
    title: 'a probe printed something that is no report',
    explanation:
      'The program that rig runs inside the environment prints one JSON document. What came back has another shape: most often another program named python answers inside, or the environment was changed by hand. `rig down --purge && rig up` makes it anew; /workspace is kept.',
  },
  'RIG-DOCTOR-003': {
    title: 'a probe did not run to its end inside the environment',
    explanation:
      'Python inside the environment could not be started, was ended from outside (memory limit), or hung. The message has its last words. `rig exec -- python -c "print(1)"` shows whether Python runs at all; a memory limit can be raised with `rig up --memory`.',
  },
  'RIG-DOCTOR-004': {
    title: 'the bundle file cannot be written',
    explanation:
      'The folder of the file given to `rig doctor --bundle` does not exist or may not be written.',
  },
};
