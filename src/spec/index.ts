export type { Mount, PortWish, Spec } from './spec.ts';
