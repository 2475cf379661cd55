// Files as the tools themselves write them, small: keys, order and peculiarities are theirs, written down after their documentation.

/** CVAT, "CVAT for images 1.1": a task with a tag, a box, polygons in two layers and a mask in run lengths. */
export const cvatSample = `<?xml version="1.0" encoding="utf-8"?>
<annotations>
  <version>1.1</version>
  <meta>
    <task>
      <id>7</id>
      <name>pets &amp; more</name>
      <size>3</size>
      <mode>annotation</mode>
      <labels>
        <label>
          <name>dog</name>
          <color>#fa3253</color>
          <type>any</type>
          <attributes>
          </attributes>
        </label>
        <label>
          <name>cat</name>
          <color>#3d3df5</color>
          <type>any</type>
          <attributes>
          </attributes>
        </label>
      </labels>
      <owner>
        <username>admin</username>
        <email></email>
      </owner>
    </task>
    <dumped>2026-01-02 03:04:05.678901+00:00</dumped>
  </meta>
  <image id="0" name="a.png" width="12" height="8">
    <polygon label="cat" source="manual" occluded="0" points="2.00,2.00;8.00,2.00;8.00,6.00;2.00,6.00" z_order="1">
    </polygon>
    <polygon label="dog" source="manual" occluded="1" points="0.00,0.00;4.00,0.00;4.00,8.00;0.00,8.00" z_order="0">
    </polygon>
    <mask label="dog" source="semi-auto" occluded="0" rle="1, 2, 1, 2" left="9" top="1" width="3" height="2" z_order="0">
    </mask>
    <tag label="cat" source="manual">
    </tag>
  </image>
  <image id="1" name="b.png" subset="Validation" width="12" height="8">
    <box label="dog" source="manual" occluded="0" xtl="1.00" ytl="1.00" xbr="5.00" ybr="5.00" z_order="0">
      <attribute name="breed">collie</attribute>
    </box>
  </image>
  <image id="2" name="c.png" width="12" height="8">
  </image>
</annotations>
`;

/** LabelMe 5: a polygon, a rectangle, a circle that counts for nothing, and a flag. */
export const labelMeSample = {
  version: '5.5.0',
  flags: { blurred: false },
  shapes: [
    {
      label: 'cat',
      points: [
        [2, 2],
        [8.0, 2.0],
        [8, 6],
        [2, 6],
      ],
      group_id: null,
      description: '',
      shape_type: 'polygon',
      flags: {},
      mask: null,
    },
    {
      label: '__ignore__',
      points: [
        [10, 6],
        [10, 5],
      ],
      group_id: null,
      description: '',
      shape_type: 'circle',
      flags: {},
      mask: null,
    },
  ],
  imagePath: 'a.png',
  imageData: null,
  imageHeight: 8,
  imageWidth: 12,
};

/** COCO as Roboflow writes it: a category 0 that groups the others, ids with gaps, a box without outline. */
export const cocoSample = {
  info: { year: '2026', version: '1', description: 'Exported from roboflow.com' },
  licenses: [{ id: 1, url: '', name: 'Unknown' }],
  categories: [
    { id: 0, name: 'pets', supercategory: 'none' },
    { id: 2, name: 'dog', supercategory: 'pets' },
    { id: 5, name: 'cat', supercategory: 'pets' },
  ],
  images: [
    { id: 0, license: 1, file_name: 'a_jpg.rf.0123.png', height: 8, width: 12, extra: { name: 'a.png' } },
    { id: 1, license: 1, file_name: 'b_jpg.rf.4567.png', height: 8, width: 12 },
  ],
  annotations: [
    {
      ...{ id: 0, image_id: 0, category_id: 5, bbox: [2, 2, 6, 4], area: 24 },
      ...{ segmentation: [[2, 2, 8, 2, 8, 6, 2, 6]], iscrowd: 0 },
    },
    { id: 1, image_id: 1, category_id: 2, bbox: [1, 1, 4, 4], area: 16, segmentation: [], iscrowd: 0 },
  ],
};

/** YOLO's segmentation format: the class of a line counts from 0, coordinates are shares. */
export const yoloSample = {
  'data.yaml': `# pets
path: ../datasets/pets
train: images/train
val: images/val
nc: 2
names: ['dog', 'cat']
`,
  'labels/train/a.txt': '1 0.166667 0.25 0.666667 0.25 0.666667 0.75 0.166667 0.75\n',
  'labels/val/b.txt': '0 0.25 0.375 0.333333 0.5\n',
};

/** CVAT's "Segmentation mask 1.1". */
export const labelMapSample = `# label:color_rgb:parts:actions
background:0,0,0::
cat:61,61,245::
dog:250,50,83::
`;
