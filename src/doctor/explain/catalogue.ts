import type { Rule } from './rule.ts';
import { ARCHITECTURE_RULES } from './rules/architecture.ts';
import { CONTAINER_RULES } from './rules/container.ts';
import { DRIVER_RULES } from './rules/driver.ts';
import { LIBRARY_RULES } from './rules/libraries.ts';
import { NETWORK_RULES } from './rules/network.ts';
import { TRAINING_RULES } from './rules/training.ts';

/** Every known problem, in the order in which equally sure matches are told. */
export const RULES: readonly Rule[] = [
  ...DRIVER_RULES,
  ...ARCHITECTURE_RULES,
  ...LIBRARY_RULES,
  ...CONTAINER_RULES,
  ...TRAINING_RULES,
  ...NETWORK_RULES,
];
