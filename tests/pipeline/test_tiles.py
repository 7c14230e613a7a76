"""Tiles cover a picture, and come together without a seam."""

import itertools

import pytest
import torch

from dipcli.pipeline.tiles import Mosaic, cut


@pytest.mark.parametrize(("space", "side"), [((100,), 40), ((100, 37), 40), ((64, 64), 64), ((30, 41, 50), 24)])
def test_tiles_laid_again_give_the_picture(space, side):
    picture = torch.rand(2, *space)
    mosaic = Mosaic(space)
    for tile in cut(space, side, 12):
        part = tile.of(picture)
        assert max(part.shape[1:]) <= side
        mosaic.add(tile, part)
    assert torch.allclose(mosaic.picture(), picture, atol=1e-6)


def test_tiles_of_an_enlarged_picture_lie_where_they_belong():
    picture = torch.rand(1, 60, 50)
    mosaic = Mosaic((30, 25))
    for tile in cut((30, 25), 16, 5):
        mosaic.add(tile, tile.of(picture, 2), 2)
    assert torch.allclose(mosaic.picture(), picture, atol=1e-6)


def test_masks_stay_masks_and_each_tile_has_its_half_of_what_is_shared():
    mask = torch.rand(1, 60, 50) > 0.7
    mosaic = Mosaic((30, 25))
    for tile in cut((30, 25), 16, 5):
        mosaic.add(tile, tile.of(mask, 2), 2)
    assert torch.equal(mosaic.picture(), mask)


def test_neighbours_share_as_much_as_they_say():
    tiles = cut((200,), 96, 30)
    for one, following in itertools.pairwise(tiles):
        assert one.spans[0][1] - following.spans[0][0] == 30 == one.shared[0][1] == following.shared[0][0]
    assert tiles[0].shared[0][0] == tiles[-1].shared[0][1] == 0
