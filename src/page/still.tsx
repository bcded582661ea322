// What is drawn anew only if something of it is different. A fleet of a thousand hosts changes many
// times a second, and a browser that draws all of it each time does nothing else.

import type { ComponentType, FunctionComponent, JSX } from 'preact';
import { Component } from 'preact';

/**
 * A component that is drawn anew when one of its props is another one. Functions do not count: they
 * must do the same, whenever they were made.
 */
export function still<Props extends object>(
  draw: (props: Props) => JSX.Element,
): ComponentType<Props> {
  const Drawn: FunctionComponent<Props> = draw;
  return class Still extends Component<Props> {
    override shouldComponentUpdate(next: Readonly<Props>): boolean {
      const before: Readonly<Partial<Record<string, unknown>>> = { ...this.props };
      return Object.entries(next).some(
        ([name, value]) =>
          typeof value !== 'function' && name !== 'children' && value !== before[name],
      );
    }

    render(props: Props): JSX.Element {
      return <Drawn {...props} />;
    }
  };
}
