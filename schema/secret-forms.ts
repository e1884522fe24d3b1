const SECRET_FORMS = [
  /^(?:Bearer |token |Basic )?(?:gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,})/,
  /^(?:Bearer )?sk-[A-Za-z0-9_-]{16,}/,
  /^AKIA[0-9A-Z]{16}$/,
  /^xox[abprs]-[A-Za-z0-9-]{10,}/,
  /^glpat-[A-Za-z0-9_-]{16,}/,
  /^AIza[0-9A-Za-z_-]{30,}/,
  /-----BEGIN [A-Z ]*PRIVATE KEY-----/,
  /^(?:Bearer )?eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\./,
  /^[a-z][a-z0-9+.-]*:\/\/[^/\s:@]+:[^/\s:@{}]+@/,
]

/** Whether a text has the form of a credential: a known prefix, a private key, or a long word of mixed signs. */
export function looksLikeSecret(value: string): boolean {
  if (SECRET_FORMS.some((form) => form.test(value))) return true
  const word = value.replace(/^(?:Bearer|Basic|token) /, '')
  if (word.length < 32 || !/^[A-Za-z0-9+/_=-]+$/.test(word)) return false
  return /[0-9]/.test(word) && /[a-z]/.test(word) && /[A-Z]/.test(word)
}
