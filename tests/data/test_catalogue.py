from __future__ import annotations

import inspect

import pytest

from genera.data import ImageDataset, dataset_names, datasets, find_dataset
from genera.data.catalogue import availability

NAMES = ("celeba", "cifar10", "digits", "fashion-mnist", "folder", "kmnist", "mnist", "npz", "shapes")


def test_the_catalogue_lists_the_exports():
    assert dataset_names() == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_each_data_set_has_a_description_and_a_documented_typed_signature(name):
    function = find_dataset(name)
    info = function.info
    assert info.name == name
    assert all([info.summary, info.size, info.licence])
    assert function is getattr(datasets, name.replace("-", "_"))
    signature = inspect.signature(function, eval_str=True)
    assert signature.return_annotation is ImageDataset
    for parameter in signature.parameters.values():
        assert parameter.annotation is not inspect.Parameter.empty
        assert f"    {parameter.name}: " in function.__doc__
    for file in info.files:
        assert len(file.digest.sha256) == 64
        assert len(file.mirrors) > 1
        assert all(mirror.endswith("/") for mirror in file.mirrors)


def test_dashes_and_underscores_are_equivalent():
    assert find_dataset("fashion-mnist") is find_dataset("fashion_mnist")


def test_the_message_for_an_unknown_name_lists_similar_names_and_all(complains):
    with complains("'fashion_mnits'", "did you mean fashion-mnist", ", ".join(NAMES)):
        find_dataset("fashion_mnits")
    with complains("'MNIST'", "did you mean mnist"):
        find_dataset("MNIST")
    with complains("no data set is named 'zzz'; Available: celeba"):
        find_dataset("zzz")


def test_availability(data_folder, cache):
    assert availability("digits") == "built in"
    assert availability("shapes") == "built in"
    assert availability("folder") == "give --data.path"
    assert availability("mnist") == "will be downloaded (12 MB)"
    assert availability("celeba").startswith("put img_align_celeba.zip and list_eval_partition.txt into $GENERA_DATA")
    for folder, name in ((data_folder / "kmnist", "t10k-images-idx3-ubyte.gz"), (cache / "cifar10", CIFAR)):
        folder.mkdir(parents=True)
        (folder / name).touch()
    assert availability("cifar10") == f"found in {cache / 'cifar10'}"
    assert availability("kmnist") == (
        f"found in {data_folder / 'kmnist'}: 1 of 4 files; the rest will be downloaded (18 MB)"
    )


CIFAR = "cifar-10-binary.tar.gz"
