/** Where an archive comes from, and what its owners' copy is known by. */
export interface ArchiveSource {
  readonly url: string;
  readonly checksum: string;
}

/** The archives of PASCAL VOC 2012 and of the Semantic Boundaries Dataset at their owners', unless others are named. */
export const vocArchives: { readonly trainval: ArchiveSource; readonly sbd: ArchiveSource } = {
  trainval: {
    url: 'http://host.robots.ox.ac.uk/pascal/VOC/voc2012/VOCtrainval_11-May-2012.tar',
    checksum: 'md5:6cd6e144f989b92b3379bac3b3de84fd',
  },
  sbd: {
    url: 'https://www2.eecs.berkeley.edu/Research/Projects/CS/vision/grouping/semantic_contours/benchmark.tgz',
    checksum: 'md5:82b4d87ceb2ed10f6038a1cba92111cb',
  },
};

/** Images in the lists of the whole data sets. */
export const vocCounts = { train: 1464, val: 1449, trainAug: 10_582, test: 1456 } as const;
