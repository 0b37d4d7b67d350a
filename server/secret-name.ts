const SECRET_NAME =
  /pass(?:word|wd|phrase|code)|secret|token|authorization|api[-_]?key|access[-_]?key|private[-_]?key|credential|cookie|bearer|jwt|signature$|code[-_]?verifier|^(?:pass|pw|pwd|pin|otp|cvv|cvc|auth|sig)$|session[-_]?id|requestState/i;
/** Names that sound secret and are not. */
const HARMLESS_NAME = /^(?:progressToken|maxTokens|tokens|tokenCount)$/;

/** Whether what is called so is nobody's business. */
export function isSecretName(name: string): boolean {
  return SECRET_NAME.test(name) && !HARMLESS_NAME.test(name);
}

/** Whether it is how many tokens a model read or wrote. */
export function isCountOfTokens(name: string, value: unknown): boolean {
  return /tokens$/i.test(name) && (typeof value === 'number' || (typeof value === 'string' && /^\d+$/.test(value)));
}
