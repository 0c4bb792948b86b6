/** Hidden command: what `rig up` leaves to a process of its own, so that nobody waits for the disk. */
export const SETTLE = '__settle';
