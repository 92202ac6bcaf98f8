"""The data sets that have a name, the smallest first."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from training.data.folder import MEAN, STD
from training.data.registry import DataSet, register_data
from training.data.voc import CLASSES as VOC

_CIFAR100 = """
apple aquarium_fish baby bear beaver bed bee beetle bicycle bottle bowl boy bridge bus butterfly camel can castle
caterpillar cattle chair chimpanzee clock cloud cockroach couch crab crocodile cup dinosaur dolphin elephant flatfish
forest fox girl hamster house kangaroo keyboard lamp lawn_mower leopard lion lizard lobster man maple_tree motorcycle
mountain mouse mushroom oak_tree orange orchid otter palm_tree pear pickup_truck pine_tree plain plate poppy porcupine
possum rabbit raccoon ray road rocket rose sea seal shark shrew skunk skyscraper snail snake spider squirrel streetcar
sunflower sweet_pepper table tank telephone television tiger tractor train trout tulip turtle wardrobe whale
willow_tree wolf woman worm
"""
_COCO = """
person,bicycle,car,motorcycle,airplane,bus,train,truck,boat,traffic light,fire hydrant,stop sign,parking meter,
bench,bird,cat,dog,horse,sheep,cow,elephant,bear,zebra,giraffe,backpack,umbrella,handbag,tie,suitcase,frisbee,skis,
snowboard,sports ball,kite,baseball bat,baseball glove,skateboard,surfboard,tennis racket,bottle,wine glass,cup,
fork,knife,spoon,bowl,banana,apple,sandwich,orange,broccoli,carrot,hot dog,pizza,donut,cake,chair,couch,
potted plant,bed,dining table,toilet,tv,laptop,mouse,remote,keyboard,cell phone,microwave,oven,toaster,sink,
refrigerator,book,clock,vase,scissors,teddy bear,hair drier,toothbrush
"""


def _of_bytes(*values: float) -> tuple[float, ...]:
    """Statistics of bytes as those of pixels in [0, 1]."""
    return tuple(value / 255 for value in values)


register_data(
    DataSet(
        name="digits",
        title="Handwritten digits",
        classes=tuple("0123456789"),
        image_size=8,
        channels=1,
        train_images=1437,
        test_images=360,
        mean=(0.3053,),
        std=(0.3762,),
        licence="CC BY 4.0",
        source="UCI, Optical Recognition of Handwritten Digits; training/data/NOTICE.md",
        reader="training.data.digits:read",
    )
)
register_data(
    DataSet(
        name="fashion",
        title="Fashion-MNIST",
        classes=(
            *("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat"),
            *("Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
        ),
        image_size=28,
        channels=1,
        train_images=60_000,
        test_images=10_000,
        mean=(0.2860,),
        std=(0.3530,),
        licence="MIT",
        source="Xiao et al., Fashion-MNIST, arXiv:1708.07747; zalandoresearch/fashion-mnist",
        reader="training.data.fashion:read",
    )
)
register_data(
    DataSet(
        name="cifar10",
        title="CIFAR-10",
        classes=("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"),
        image_size=32,
        channels=3,
        train_images=50_000,
        test_images=10_000,
        # liuzhuang13/DenseNet@4b5cc63a datasets/cifar10.lua
        mean=_of_bytes(125.3, 123.0, 113.9),
        std=_of_bytes(63.0, 62.1, 66.7),
        licence="none stated",
        source="Krizhevsky, Learning Multiple Layers of Features from Tiny Images, 2009; www.cs.toronto.edu/~kriz",
        reader="training.data.cifar:read",
    )
)
register_data(
    DataSet(
        name="cifar100",
        title="CIFAR-100",
        classes=tuple(_CIFAR100.split()),
        image_size=32,
        channels=3,
        train_images=50_000,
        test_images=10_000,
        # liuzhuang13/DenseNet@4b5cc63a datasets/cifar100.lua
        mean=_of_bytes(129.3, 124.1, 112.4),
        std=_of_bytes(68.2, 65.4, 70.4),
        licence="none stated",
        source="Krizhevsky, Learning Multiple Layers of Features from Tiny Images, 2009; www.cs.toronto.edu/~kriz",
        reader="training.data.cifar:read",
    )
)
_SVHN = DataSet(
    name="svhn",
    title="SVHN",
    classes=tuple("0123456789"),
    image_size=32,
    channels=3,
    train_images=73_257,
    test_images=26_032,
    # As commonly used; of the training images without the extra ones.
    mean=(0.4377, 0.4438, 0.4728),
    std=(0.1980, 0.2010, 0.1970),
    licence="for non-commercial use",
    source="Netzer et al., NIPS Workshop 2011; ufldl.stanford.edu/housenumbers",
    reader="training.data.svhn:read",
)
register_data(_SVHN)
register_data(replace(_SVHN, name="svhn-extra", title="SVHN with extra", train_images=73_257 + 531_131))
register_data(
    DataSet(
        name="imagenet",
        title="ImageNet",
        # In the order of the folders' names, as torchvision has them.
        classes=tuple(Path(__file__).with_name("imagenet.txt").read_text(encoding="utf-8").splitlines()),
        image_size=224,
        channels=3,
        train_images=1_281_167,
        test_images=50_000,
        mean=MEAN,
        std=STD,
        licence="for non-commercial research",
        source="Russakovsky et al., ImageNet Large Scale Visual Recognition Challenge, arXiv:1409.0575",
        reader="training.data.decoded:read",
    )
)
register_data(
    DataSet(
        name="voc",
        title="VOC 07+12",
        classes=VOC,
        image_size=0,
        channels=3,
        # trainval of 2007 and 2012
        train_images=5_011 + 11_540,
        test_images=4_952,
        mean=MEAN,
        std=STD,
        licence="that of Flickr's images",
        source="Everingham et al., The Pascal Visual Object Classes Challenge, 2007 and 2012; host.robots.ox.ac.uk",
        reader="training.data.boxed:read_voc",
        boxes=True,
    )
)
register_data(
    DataSet(
        name="coco",
        title="COCO 2017",
        classes=tuple(_COCO.replace("\n", "").split(",")),
        image_size=0,
        channels=3,
        train_images=118_287,
        test_images=5_000,
        mean=MEAN,
        std=STD,
        licence="annotations CC BY 4.0, images Flickr's",
        source="Lin et al., Microsoft COCO, arXiv:1405.0312; cocodataset.org",
        reader="training.data.boxed:read_coco",
        boxes=True,
    )
)
