/** What a shell takes for nothing but itself, also where a word begins with it. */
const PLAIN = /^[\w@%+=:,./-]+$/;

/** A word as a POSIX shell has to read it to get this text. Terraform's references, `${...}`, are filled in later, inside of the quotes. */
export function shellWord(text: string): string {
  return PLAIN.test(text) ? text : `'${text.replace(/'/g, "'\\''")}'`;
}

/** A command for a person to paste: a resource group may have parentheses in its name, and a shell stumbles over them. */
export function shellCommand(...words: readonly string[]): string {
  return words.map(shellWord).join(" ");
}
