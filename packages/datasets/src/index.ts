export { type CamProject, encodeCams, type ImageCams } from './annotations/cam-dictionary.js';
export {
  type CocoAnnotatedImage,
  cocoFile,
  type CocoForm,
  type CocoPart,
  cocoParts,
  type CrowdTreatment,
} from './annotations/coco-annotations.js';
export { cvatFile, type CvatImage, cvatMasks } from './annotations/cvat-annotations.js';
export { coloredMaskPng, type LabelColor, labelColors, labelColorsFile } from './annotations/label-colors.js';
export { labelMeFile } from './annotations/labelme-annotations.js';
export { yoloDataset, yoloLabels } from './annotations/yolo-annotations.js';
export { type ListedMask, maskList, type MaskListForm } from './annotations/mask-list.js';
export { encodeProbabilities, type ImageProbabilities } from './annotations/probability-array.js';
export { readLabelFile } from './annotations/label-file.js';
export type { LabelTable } from './annotations/label-table.js';
export { labelsOfMask } from './annotations/labels-from-mask.js';
export { writeLabelFile } from './annotations/write-label-file.js';
export {
  checkDataset,
  type CheckOptions,
  type CheckReport,
  type ClassFrequency,
} from './check/check-dataset.js';
export { checkLists, type Lists } from './check/check-lists.js';
export { checkMasks } from './check/check-masks.js';
export { requireTrainingMasks } from './check/check-training-masks.js';
export type { Problem } from './check/check-sample.js';
export type { ProblemGroup } from './check/problem-groups.js';
export { cocoClasses } from './coco/coco-classes.js';
export { coco, type CocoOptions } from './coco/coco.js';
export { prepareCoco, type PrepareCocoOptions, type PreparedCoco } from './coco/prepare-coco.js';
export {
  checkClasses,
  computedList,
  type Dataset,
  type Sample,
  type SampleList,
  sampleList,
} from './dataset/dataset.js';
export type { Finding } from './dataset/finding.js';
export { imageFolder, type ImageFolderOptions } from './folder/image-folder.js';
export { decodeImage } from './image/decode-image.js';
export { decodeMask, ignoredLabel, type MaskExpectation } from './image/decode-mask.js';
export { encodeDrawing, encodeJpeg } from './image/encode-image.js';
export type { Region, RegionShape } from './image/drawn-regions.js';
export { type EncodedImage, imageName } from './image/encoded-image.js';
export type { ColoredMask, DrawnMask, EncodedMask } from './image/encoded-mask.js';
export { blackImage, type RgbImage } from './image/rgb-image.js';
export { datasetAt, type DatasetAtOptions, datasetLayout, type DatasetLayout } from './layout/dataset-at.js';
export { batchSchedule, type BatchSchedule, type ScheduledBatch } from './loader/batch-schedule.js';
export type { Enrich, Enrichment } from './loader/enrichment.js';
export { evaluationLoader, type EvaluationLoaderOptions } from './loader/evaluation-loader.js';
export {
  type EvaluationOptions,
  type EvaluationSample,
  loadEvaluationSample,
} from './loader/evaluation-sample.js';
export { type BatchFeed, feedBatch } from './loader/feed-batch.js';
export type { Loader } from './loader/loader.js';
export { loadPhotograph, type Photograph, type PhotographOptions } from './loader/photograph.js';
export {
  type ListedPhotograph,
  photographLoader,
  type PhotographLoaderOptions,
  type UnreadablePhotograph,
} from './loader/photograph-loader.js';
export { presentClasses } from './loader/present-classes.js';
export type { UnreadableSample } from './loader/substitution.js';
export { assertFewUnreadable } from './loader/unreadable-images.js';
export type { TrainingBatch } from './loader/training-batch.js';
export { type TrainingLoader, trainingLoader, type TrainingLoaderOptions } from './loader/training-loader.js';
export { loadTrainingSample, type SampleKey, type TrainingSample } from './loader/training-sample.js';

export { type TrainingMaskSelection, withTrainingMasks } from './masks/training-masks.js';
export { randomPurpose, randomStream, type RandomStream } from './random/random.js';
export { type ObjectKind, objectKinds } from './synthetic/object-kinds.js';
export { defaultSceneOptions, type SceneOptions } from './synthetic/scene-options.js';
export { syntheticScenes, type SyntheticScenesOptions } from './synthetic/synthetic-scenes.js';
export { taskPool } from './threads/task-pool.js';
export { type PoolOptions, type TaskPool, threadWork, type ThreadWork } from './threads/thread-work.js';
export { brightness } from './transforms/brightness.js';
export { contrast } from './transforms/contrast.js';
export { type Box, crop, type CropPlacement, paddedCrop } from './transforms/crop.js';
export { flip } from './transforms/flip.js';
export { gaussianBlur } from './transforms/gaussian-blur.js';
export { gray } from './transforms/gray.js';
export { hue } from './transforms/hue.js';
export { imageNetNormalization, type Normalization, normalize } from './transforms/normalize.js';
export { resample, type ResampleFilter, type ResampleOptions } from './transforms/resample.js';
export { saturation } from './transforms/saturation.js';
export { solarize } from './transforms/solarize.js';
export { squash } from './transforms/squash.js';
export { type Appearance, applyAppearance, drawAppearance, type JitterStep } from './views/appearance.js';
export { applyViews, type Views } from './views/apply-views.js';
export {
  type Behavior,
  type ColorJitterOptions,
  defaultViewOptions,
  type Range,
  type ViewOptions,
} from './views/view-options.js';
export { mainViewMask } from './views/main-view-mask.js';
export { drawViews, type ViewPlan } from './views/view-plan.js';
export { viewOptionsOf, viewsSchema } from './views/views-schema.js';
export { type PreparedVoc, prepareVoc, type PrepareVocOptions } from './voc/prepare-voc.js';
export { type PreparedVocTest, prepareVocTest, type PrepareVocTestOptions } from './voc/prepare-voc-test.js';
export { type ArchiveSource, vocArchives } from './voc/voc-archives.js';
export { vocClasses } from './voc/voc-classes.js';
export {
  type VocCompetition,
  type VocSubmission,
  type VocTestImage,
  vocTestImages,
  writeVocSubmission,
} from './voc/voc-submission.js';
export { voc, type VocOptions } from './voc/voc.js';
export { type ListDigest, listDigest } from './loader/list-digest.js';
export { validationList } from './loader/validation-list.js';
export { formatLeftOut } from './loader/left-out.js';
export { tellFindings } from './check/tell-findings.js';
export { openDataset } from './layout/open-dataset.js';
