import { COMPAT_ERRORS } from '../../compat/index.ts';
import { DOCTOR_ERRORS } from '../../doctor/index.ts';
import { ENGINE_ERRORS } from '../../engine/index.ts';
import { IMAGE_ERRORS } from '../../image/index.ts';
import { KERNEL_ERRORS } from '../../kernel/index.ts';
import type { ErrorCatalogue } from '../../kernel/index.ts';
import { LAYERS_DEB_ERRORS, LAYERS_ERRORS } from '../../layers/index.ts';
import { LOCK_ERRORS } from '../../lock/index.ts';
import { SOURCES_ERRORS } from '../../sources/index.ts';
import { SPEC_ERRORS } from '../../spec/index.ts';
import { STORE_ERRORS } from '../../store/index.ts';
import { WORKSPACE_ERRORS } from '../../workspace/index.ts';
import { CLI_ERRORS } from '../errors.ts';

/** Every error code of every room. */
export const CATALOGUE: ErrorCatalogue = {
  ...KERNEL_ERRORS,
  ...STORE_ERRORS,
  ...SOURCES_ERRORS,
  ...SPEC_ERRORS,
  ...COMPAT_ERRORS,
  ...LOCK_ERRORS,
  ...LAYERS_ERRORS,
  ...LAYERS_DEB_ERRORS,
  ...IMAGE_ERRORS,
  ...ENGINE_ERRORS,
  ...WORKSPACE_ERRORS,
  ...DOCTOR_ERRORS,
  ...CLI_ERRORS,
};
