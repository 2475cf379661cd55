/** Where the parts of a data set in VOC's layout lie. */
export interface VocFolders {
  readonly root: string;
  readonly classes: readonly string[];
  readonly images: string;
  readonly masks: string;
}
