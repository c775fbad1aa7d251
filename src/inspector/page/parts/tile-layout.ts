import type { ActorView } from "../history/track.ts";

/** Actors that stand together under a heading. */
export interface TileGroup {
  readonly title: string;
  readonly actors: readonly ActorView[];
}

/** Where a tile is, from the top left of all of them, in pixels. */
export interface PlacedTile {
  readonly actor: ActorView;
  readonly x: number;
  readonly y: number;
}

export interface PlacedHeading {
  readonly title: string;
  readonly y: number;
}

/** Where everything is, and how large it is together. */
export interface TileLayout {
  /** From the top down, and in a row from the left. */
  readonly tiles: readonly PlacedTile[];
  readonly headings: readonly PlacedHeading[];
  readonly width: number;
  readonly height: number;
  /** Of one tile, without the space around it. */
  readonly tileWidth: number;
  readonly tileHeight: number;
  readonly perRow: number;
  /** Are tiles wide enough for a name? */
  readonly isNamed: boolean;
}

/** So few have room for their names. */
const mostNamed = 120;
const space = 4;
const headingHeight = 24;
const groupSpace = 10;

/** Lays tiles out in rows under the headings of their groups. */
export function layoutTiles(groups: readonly TileGroup[], width: number): TileLayout {
  const count = groups.reduce((sum, { actors }) => sum + actors.length, 0);
  const isNamed = count <= mostNamed;
  const perRow = Math.max(1, isNamed ? Math.floor((width + space) / 164) : Math.floor((width + space) / (18 + space)));
  const tileWidth = isNamed ? Math.min(220, Math.floor((width + space) / perRow) - space) : 18;
  const tileHeight = isNamed ? 34 : 18;
  const tiles: PlacedTile[] = [];
  const headings: PlacedHeading[] = [];
  let y = 0;
  for (const { title, actors } of groups) {
    headings.push({ title, y });
    y += headingHeight;
    actors.forEach((actor, index) => {
      tiles.push({
        actor,
        x: (index % perRow) * (tileWidth + space),
        y: y + Math.floor(index / perRow) * (tileHeight + space),
      });
    });
    y += Math.ceil(actors.length / perRow) * (tileHeight + space) + groupSpace;
  }
  return { tiles, headings, width, height: y, tileWidth, tileHeight, perRow, isNamed };
}

/** The tile at a point. */
export function tileAt({ tiles, tileWidth, tileHeight }: TileLayout, x: number, y: number): PlacedTile | undefined {
  return tiles.find((tile) => x >= tile.x && x < tile.x + tileWidth && y >= tile.y && y < tile.y + tileHeight);
}

/** The index of the tile that an arrow key leads to: up and down to the nearest in the next row, across groups. */
export function neighbour({ tiles }: TileLayout, index: number, key: string): number {
  const from = tiles[index];
  if (from === undefined) return 0;
  const last = tiles.length - 1;
  switch (key) {
    case "ArrowLeft":
      return Math.max(0, index - 1);
    case "ArrowRight":
      return Math.min(last, index + 1);
    case "Home":
      return 0;
    case "End":
      return last;
    default: {
      const isDown = key === "ArrowDown";
      const beyond = tiles.filter(({ y }) => (isDown ? y > from.y : y < from.y));
      const row = isDown ? beyond[0]?.y : beyond.at(-1)?.y;
      if (row === undefined) return index;
      const candidates = tiles.flatMap((tile, at) =>
        tile.y === row ? [{ at, distance: Math.abs(tile.x - from.x) }] : [],
      );
      return candidates.sort((a, b) => a.distance - b.distance)[0]?.at ?? index;
    }
  }
}
