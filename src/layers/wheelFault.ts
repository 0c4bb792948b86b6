import { RigError, type ErrorCode } from '../kernel/index.ts';

export type WheelFault = (number: WheelFaultNumber, what: string, entry?: string) => RigError;
type WheelFaultNumber = '001' | '002' | '003' | '004' | '005' | '006' | '007' | '008' | '009' | '011';

/** Errors that name the wheel, and the entry where there is one (quoted, so that control characters stay visible). */
export function wheelFault(wheel: string): WheelFault {
  return (number, what, entry) => {
    const code: ErrorCode = `RIG-LAYERS-${number}`;
    const message =
      entry === undefined ? `${wheel}: ${what}` : `${wheel}: entry ${JSON.stringify(entry)} ${what}`;
    return new RigError(code, message, {
      hint: 'leave the package out or choose another version: rig lock --upgrade NAME',
      details: entry === undefined ? { wheel } : { wheel, entry },
    });
  };
}
