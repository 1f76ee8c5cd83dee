/** What the widget's script puts into the page as `window.parley`. See docs/embed-the-widget.md. */

export interface ParleyMessage {
  role: "visitor" | "assistant";
  /** As it was written: answers hold Markdown and citations such as `[1]`. */
  text: string;
  id: string;
  conversation: string;
}

export interface ParleyError {
  /** Such as `origin_not_allowed`, `identity_refused`, `not_loaded`, `failed`. */
  code: string;
  message: string;
}

export interface ParleyEvents {
  /** The button is there. Who listens later is told at once. */
  ready: undefined;
  open: undefined;
  close: undefined;
  /** A message was sent, or an answer has come to its end. */
  message: ParleyMessage;
  /** So many answers ended while the panel was closed. */
  unread: number;
  error: ParleyError;
}

export interface Parley {
  /** Open the panel; resolves once it is shown. */
  open(): Promise<void>;
  close(): void;
  toggle(): void;
  /** Say who the visitor is, by a JWT that your backend signed; `null` forgets them. */
  identify(jwt: string | null): void;
  /** Open the panel and send a message as the visitor. */
  send(text: string): Promise<void>;
  /** Listen; returns the function that stops listening. */
  on<Name extends keyof ParleyEvents>(event: Name, listen: (detail: ParleyEvents[Name]) => void): () => void;
  /** Give a command as an array. Works before the script has loaded, too, on the array in its place. */
  push(command: ParleyCommand): void;
}

export type ParleyCommand =
  | ["open"]
  | ["close"]
  | ["toggle"]
  | ["identify", string | null]
  | ["send", string]
  | { [Name in keyof ParleyEvents]: ["on", Name, (detail: ParleyEvents[Name]) => void] }[keyof ParleyEvents];

declare global {
  interface Window {
    /** An array of commands until the script has loaded. */
    parley?: Parley | ParleyCommand[];
  }
}
