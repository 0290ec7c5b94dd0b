/** One message to one person. Text and HTML say the same. */
export interface Mail {
  readonly to: string;
  readonly subject: string;
  readonly text: string;
  readonly html: string;
}

interface Letter {
  readonly to: string;
  readonly subject: string;
  /** Paragraphs before and after the link. */
  readonly before: readonly string[];
  readonly link?: { readonly label: string; readonly url: string };
  readonly after: readonly string[];
}

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
const escaped = (text: string): string => text.replaceAll(/[&<>"']/g, (character) => entities[character] ?? character);
const paragraph = (text: string): string => `<p>${escaped(text)}</p>`;

/** Both forms of a letter. Everything in it is text: names that people gave themselves are no markup. */
export function writeMail({ to, subject, before, link, after }: Letter): Mail {
  const body = [...before.map(paragraph), ...(link ? [`<p><a href="${escaped(link.url)}">${escaped(link.label)}</a></p>`] : [])];
  return {
    to,
    subject,
    text: `${[...before, ...(link ? [`${link.label}:\n${link.url}`] : []), ...after].join('\n\n')}\n`,
    html: `<!doctype html><html lang="en"><body>${[...body, ...after.map(paragraph)].join('')}</body></html>`,
  };
}
